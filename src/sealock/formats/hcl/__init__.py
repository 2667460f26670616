"""HCL, HashiCorp's language of configurations, through tree-sitter's grammar: blocks and evaluated expressions."""
