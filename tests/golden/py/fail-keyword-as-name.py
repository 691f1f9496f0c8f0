if = 5
