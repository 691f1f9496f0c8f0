# One file for all nodes of a cluster: xm create node.cfg node=3
# args: node=3
nodes = 8
node = int(node)
assert 1 <= node <= nodes
name = "node%02d" % node
memory = [1024, 2048][node > 4]
vcpus = max(1, node // 2)
cpus = ','.join([str(c) for c in range((node - 1) * 2, node * 2)])
san = dict(zip(['quorum', 'ocr', 'data'], ['xvdb', 'xvdc', 'xvdd']))
disk = ['phy:/dev/vg/%s,xvda,w' % name]
disk += ['phy:/dev/shared/%s,%s,w!' % (k, san[k]) for k in ('quorum', 'ocr', 'data')]
vif = ['mac=00:16:3e:%s,bridge=%s' % (':'.join(['%02x' % b for b in (node, i, 1)]), br)
       for i, br in enumerate(['pub', 'priv'])]
extra = 'node=%d of=%d peers=%s' % (node, nodes, ','.join('node%02d' % n for n in range(1, nodes + 1) if n != node))
