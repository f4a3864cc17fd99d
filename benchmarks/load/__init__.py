"""What it takes to keep the hot days in the warehouse equal to the lake."""
