"""Estoque: how many units of each produto a filial can still sell."""
