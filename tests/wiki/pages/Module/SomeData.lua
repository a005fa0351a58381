return {
	name = "data", "one", "two",
	deep = { er = 7 },
}
