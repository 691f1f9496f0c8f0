# oracle: the host's network may not be looked at
gateway = get_current_ipgw()
