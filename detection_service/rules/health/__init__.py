"""The system watching itself: sources that fall silent, lose events or keep wrong time, and rules that are dead."""
