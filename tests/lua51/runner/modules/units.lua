return { metre = { symbol = "m", factor = 1 }, foot = { symbol = "ft", factor = 0.3048 } }
