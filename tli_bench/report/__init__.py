"""Leaderboards: tables, plots and a page from result records alone; no model is ever loaded here."""
