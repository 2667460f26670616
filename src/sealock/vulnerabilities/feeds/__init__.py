"""Advisory feeds: one reader module per publisher's format, within bounds."""
