"""Chatbot: what answers a customer by itself, and steps back when a person should."""
