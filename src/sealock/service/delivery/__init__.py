"""What leaves the service: messages to webhooks, each event once for each rule, and the feed."""
