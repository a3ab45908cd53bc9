"""Policy documents and requests to decisions, with reasons."""
