name = "grün" + undefiniert
