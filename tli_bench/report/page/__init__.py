"""The parts of the leaderboard's page: its data, its first picture, its links, and how they are put into HTML."""
