"""Brokers: the engines that move prompts; the database decides what is done."""
