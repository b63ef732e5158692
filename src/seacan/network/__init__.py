"""Networks in the kernel: bridges, interfaces of containers, addresses, published ports.

definition.py   a network and an endpoint, as records; options of the drivers
addresses.py    which subnets and addresses are free
members.py      who is in which network, under which names and addresses
netlink.py, links.py       requests to the kernel: interfaces, addresses, routes
bridges.py      the interfaces of a network on the host
endpoints.py    the interfaces of a container
wishes.py       which ports of a container are wanted where
publishing.py   which ports of the host lead to which of a container; port_holders.py, who has them
firewall.py     the rules, one table of one's own
conntrack.py    flows that the kernel remembers
resolv_conf.py  the servers of names that the host has
dns/            the resolver of containers, which has coroutines

All but dns are plain functions that block; called in worker threads.
"""
