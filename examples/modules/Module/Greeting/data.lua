return {
	{ before = 11, word = 'Good morning' },
	{ before = 18, word = 'Good day' },
	{ before = 24, word = 'Good evening' },
}
