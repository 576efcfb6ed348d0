"""What several nodes share; the underscore hides it from flows."""
