"""How many actions, hence how much? The closed form: counts, energy, time and area."""
