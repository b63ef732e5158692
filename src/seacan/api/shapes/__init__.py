"""Records of the engine as Docker's JSON, field by field as dockerd 28 answers, by API version.

times.py       points in time and durations, as numbers and in words
containers.py  GET /containers/{id}/json; configs.py fills its Config and HostConfig
listing.py     GET /containers/json
stats.py       GET /containers/{id}/stats
execs.py       GET /exec/{id}/json
images.py      GET /images/{name}/json, /images/json, DELETE /images/{name}
system.py      GET /version, /info
create.py      the other way: what a client of an older version means by its create request
"""
