x = f"{undefined_thing}"
