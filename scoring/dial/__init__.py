"""What other thresholds, or more reviews a day, would have made of the payments of the past, in money."""
