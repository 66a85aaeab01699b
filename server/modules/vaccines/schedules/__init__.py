"""Where the rules of the immunisation schedule come from and where they are kept."""
