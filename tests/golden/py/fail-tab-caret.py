if True:
	x = 1 +	undefined_name
