def disk_line(volume,
              device,
              mode='w'):

    # a comment at an odd place
  # and one with less indentation

    line = 'phy:%s,%s,%s' % (
        volume,
        device, mode)
    return line



disk = [
    disk_line('/dev/vg/a',
              'xvda'),
    disk_line('/dev/vg/b', 'xvdb', mode='r'),
]
