name = "%s-%s" % "web"
