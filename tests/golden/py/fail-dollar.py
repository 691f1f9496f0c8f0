name = $HOSTNAME
