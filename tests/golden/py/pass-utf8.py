# Kommentar mit Umlauten: äöü
name = "grün"
descr = '日本語 – “quotes”'
n = len("aé")
d = {"clé": "été"}
e = "\u20ac" + u"\u20ac"
