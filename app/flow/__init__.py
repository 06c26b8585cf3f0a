"""What happens to an order, and when: the story, the verdict, the feed, the reconciling."""
