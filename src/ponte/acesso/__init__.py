"""Acesso: who may call what; keys, scopes, audit."""
