return 'no table'
