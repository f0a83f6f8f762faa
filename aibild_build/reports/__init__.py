"""Plan, report and findings → text for people and objects for machines. Takes nouns, yields strings and JSON; prints nothing."""
