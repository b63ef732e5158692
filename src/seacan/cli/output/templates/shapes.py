"""Go's structs behind `inspect`, `info`, `version` and `events`: their fields, in order.

    NAME[=KEY][:TYPE]     KEY is the name in JSON, if another
    TYPE  (none) string, i int, b bool, t time, d duration, - empty struct, ? as it came,
          pkg.Struct, *TYPE pointer, []TYPE slice, {}TYPE map; [] and {} alone hold strings
Source: moby 28.2, api/types. What belongs to swarms alone is `?`.
"""

from __future__ import annotations

SHAPES = {
    "container.InspectResponse": (
        "ID=Id Created Path Args:[] State:*container.State Image ResolvConfPath HostnamePath "
        "HostsPath LogPath Name RestartCount:i Driver Platform MountLabel ProcessLabel "
        "AppArmorProfile ExecIDs:[] HostConfig:*container.HostConfig "
        "GraphDriver:storage.DriverData SizeRw:*i SizeRootFs:*i Mounts:[]container.MountPoint "
        "Config:*container.Config NetworkSettings:*container.NetworkSettings "
        "ImageManifestDescriptor:*ocispec.Descriptor"
    ),
    "image.InspectResponse": (
        "ID=Id RepoTags:[] RepoDigests:[] Parent Comment Created Container "
        "ContainerConfig:*container.Config DockerVersion Author "
        "Config:*dockerspec.DockerOCIImageConfig Architecture Variant Os OsVersion Size:i "
        "VirtualSize:i GraphDriver:storage.DriverData RootFS:image.RootFS Metadata:image.Metadata "
        "Descriptor:*ocispec.Descriptor Manifests:?"
    ),
    "network.Inspect": (
        "Name ID=Id Created:t Scope Driver EnableIPv4:b EnableIPv6:b IPAM:network.IPAM Internal:b "
        "Attachable:b Ingress:b ConfigFrom:network.ConfigReference ConfigOnly:b "
        "Containers:{}network.EndpointResource Options:{} Labels:{} Peers:[]network.PeerInfo "
        "Services:{}network.ServiceInfo"
    ),
    "context.contextWithTLSListing": (
        "Name Metadata:? Endpoints:{}? TLSMaterial:{}[] Storage:context.storageInfo"
    ),
    "context.storageInfo": "MetadataPath TLSPath",
    "volume.Volume": (
        "ClusterVolume:? CreatedAt Driver Labels:{} Mountpoint Name Options:{} Scope Status:{}? "
        "UsageData:*volume.UsageData"
    ),
    "system.Info": (
        "ID Containers:i ContainersRunning:i ContainersPaused:i ContainersStopped:i Images:i "
        "Driver DriverStatus:[][] SystemStatus:[][] Plugins:system.PluginsInfo MemoryLimit:b "
        "SwapLimit:b KernelMemory:b KernelMemoryTCP:b CPUCfsPeriod=CpuCfsPeriod:b "
        "CPUCfsQuota=CpuCfsQuota:b CPUShares:b CPUSet:b PidsLimit:b IPv4Forwarding:b Debug:b "
        "NFd:i OomKillDisable:b NGoroutines:i SystemTime LoggingDriver CgroupDriver CgroupVersion "
        "NEventsListener:i KernelVersion OperatingSystem OSVersion OSType Architecture "
        "IndexServerAddress RegistryConfig:*registry.ServiceConfig NCPU:i MemTotal:i "
        "GenericResources:? DockerRootDir HTTPProxy=HttpProxy HTTPSProxy=HttpsProxy NoProxy Name "
        "Labels:[] ExperimentalBuild:b ServerVersion Runtimes:{}system.RuntimeWithStatus "
        "DefaultRuntime Swarm:swarm.Info LiveRestoreEnabled:b Isolation InitBinary "
        "ContainerdCommit:system.Commit RuncCommit:system.Commit InitCommit:system.Commit "
        "SecurityOptions:[] ProductLicense DefaultAddressPools:[]system.NetworkAddressPool "
        "FirewallBackend:*system.FirewallInfo CDISpecDirs:[] "
        "DiscoveredDevices:[]system.DeviceInfo Containerd:*system.ContainerdInfo Warnings:[]"
    ),
    "types.Version": (
        "Platform:types.Platform Components:[]types.ComponentVersion Version "
        "APIVersion=ApiVersion MinAPIVersion GitCommit GoVersion Os Arch "
        "KernelVersion Experimental:b BuildTime"
    ),
    "events.Message": (
        "Status=status ID=id From=from Type Action Actor:events.Actor Scope=scope Time=time:i "
        "TimeNano=timeNano:i"
    ),
    "container.State": (
        "Status Running:b Paused:b Restarting:b OOMKilled:b Dead:b Pid:i ExitCode:i Error "
        "StartedAt FinishedAt Health:*container.Health"
    ),
    "container.HostConfig": (
        "Binds:[] ContainerIDFile LogConfig:container.LogConfig NetworkMode "
        "PortBindings:{}[]nat.PortBinding RestartPolicy:container.RestartPolicy AutoRemove:b "
        "VolumeDriver VolumesFrom:[] ConsoleSize:[]i Annotations:{} CapAdd:[] CapDrop:[] "
        "CgroupnsMode DNS=Dns:[] DNSOptions=DnsOptions:[] DNSSearch=DnsSearch:[] ExtraHosts:[] "
        "GroupAdd:[] IpcMode Cgroup Links:[] OomScoreAdj:i PidMode Privileged:b PublishAllPorts:b "
        "ReadonlyRootfs:b SecurityOpt:[] StorageOpt:{} Tmpfs:{} UTSMode UsernsMode ShmSize:i "
        "Sysctls:{} Runtime Isolation CPUShares=CpuShares:i Memory:i NanoCPUs=NanoCpus:i "
        "CgroupParent BlkioWeight:i BlkioWeightDevice:[]*blkiodev.WeightDevice "
        "BlkioDeviceReadBps:[]*blkiodev.ThrottleDevice "
        "BlkioDeviceWriteBps:[]*blkiodev.ThrottleDevice "
        "BlkioDeviceReadIOps:[]*blkiodev.ThrottleDevice "
        "BlkioDeviceWriteIOps:[]*blkiodev.ThrottleDevice CPUPeriod=CpuPeriod:i "
        "CPUQuota=CpuQuota:i CPURealtimePeriod=CpuRealtimePeriod:i "
        "CPURealtimeRuntime=CpuRealtimeRuntime:i CpusetCpus CpusetMems "
        "Devices:[]container.DeviceMapping DeviceCgroupRules:[] "
        "DeviceRequests:[]container.DeviceRequest KernelMemory:i KernelMemoryTCP:i "
        "MemoryReservation:i MemorySwap:i MemorySwappiness:*i OomKillDisable:*b PidsLimit:*i "
        "Ulimits:[]*units.Ulimit CPUCount=CpuCount:i CPUPercent=CpuPercent:i IOMaximumIOps:i "
        "IOMaximumBandwidth:i Mounts:[]mount.Mount MaskedPaths:[] ReadonlyPaths:[] Init:*b"
    ),
    "storage.DriverData": ("Data:{} Name"),
    "container.MountPoint": ("Type Name Source Destination Driver Mode RW:b Propagation"),
    "container.Config": (
        "Hostname Domainname User AttachStdin:b AttachStdout:b AttachStderr:b ExposedPorts:{}- "
        "Tty:b OpenStdin:b StdinOnce:b Env:[] Cmd:[] Healthcheck:*dockerspec.HealthcheckConfig "
        "ArgsEscaped:b Image Volumes:{}- WorkingDir Entrypoint:[] NetworkDisabled:b MacAddress "
        "OnBuild:[] Labels:{} StopSignal StopTimeout:*i Shell:[]"
    ),
    "container.NetworkSettings": (
        "Bridge SandboxID SandboxKey Ports:{}[]nat.PortBinding HairpinMode:b LinkLocalIPv6Address "
        "LinkLocalIPv6PrefixLen:i SecondaryIPAddresses:[]network.Address "
        "SecondaryIPv6Addresses:[]network.Address EndpointID Gateway GlobalIPv6Address "
        "GlobalIPv6PrefixLen:i IPAddress IPPrefixLen:i IPv6Gateway MacAddress "
        "Networks:{}*network.EndpointSettings"
    ),
    "ocispec.Descriptor": (
        "MediaType=mediaType Digest=digest Size=size:i URLs=urls:[] Annotations=annotations:{} "
        "Data=data:[]? Platform=platform:*ocispec.Platform ArtifactType=artifactType"
    ),
    "dockerspec.DockerOCIImageConfig": (
        "User ExposedPorts:{}- Env:[] Entrypoint:[] Cmd:[] Volumes:{}- WorkingDir Labels:{} "
        "StopSignal ArgsEscaped:b Healthcheck:*dockerspec.HealthcheckConfig OnBuild:[] Shell:[]"
    ),
    "image.RootFS": ("Type Layers:[]"),
    "image.Metadata": ("LastTagTime:t"),
    "network.IPAM": ("Driver Options:{} Config:[]network.IPAMConfig"),
    "network.ConfigReference": ("Network"),
    "network.EndpointResource": ("Name EndpointID MacAddress IPv4Address IPv6Address"),
    "network.PeerInfo": ("Name IP"),
    "network.ServiceInfo": ("VIP Ports:[] LocalLBIndex:i Tasks:[]network.Task"),
    "volume.UsageData": ("RefCount:i Size:i"),
    "system.PluginsInfo": ("Volume:[] Network:[] Authorization:[] Log:[]"),
    "registry.ServiceConfig": (
        "AllowNondistributableArtifactsCIDRs:[] AllowNondistributableArtifactsHostnames:[] "
        "InsecureRegistryCIDRs:[] IndexConfigs:{}*registry.IndexInfo Mirrors:[]"
    ),
    "system.RuntimeWithStatus": (
        "Path=path Args=runtimeArgs:[] Type=runtimeType Options=options:{}? Status=status:{}"
    ),
    "swarm.Info": (
        "NodeID NodeAddr LocalNodeState ControlAvailable:b Error RemoteManagers:[]swarm.Peer "
        "Nodes:i Managers:i Cluster:? Warnings:[]"
    ),
    "system.Commit": ("ID Expected"),
    "system.NetworkAddressPool": ("Base Size:i"),
    "system.FirewallInfo": ("Driver Info:[][]"),
    "system.DeviceInfo": ("Source ID"),
    "system.ContainerdInfo": ("Address Namespaces:system.ContainerdNamespaces"),
    "types.Platform": ("Name"),
    "types.ComponentVersion": ("Name Version Details:{}"),
    "events.Actor": ("ID Attributes:{}"),
    "container.Health": ("Status FailingStreak:i Log:[]*container.HealthcheckResult"),
    "container.LogConfig": ("Type Config:{}"),
    "nat.PortBinding": ("HostIP=HostIp HostPort"),
    "container.RestartPolicy": ("Name MaximumRetryCount:i"),
    "blkiodev.WeightDevice": ("Path Weight:i"),
    "blkiodev.ThrottleDevice": ("Path Rate:i"),
    "container.DeviceMapping": ("PathOnHost PathInContainer CgroupPermissions"),
    "container.DeviceRequest": ("Driver Count:i DeviceIDs:[] Capabilities:[][] Options:{}"),
    "units.Ulimit": ("Name Hard:i Soft:i"),
    "mount.Mount": (
        "Type Source Target ReadOnly:b Consistency BindOptions:*mount.BindOptions "
        "VolumeOptions:*mount.VolumeOptions ImageOptions:*mount.ImageOptions "
        "TmpfsOptions:*mount.TmpfsOptions ClusterOptions:?"
    ),
    "dockerspec.HealthcheckConfig": (
        "Test:[] Interval:d Timeout:d StartPeriod:d StartInterval:d Retries:i"
    ),
    "network.Address": ("Addr PrefixLen:i"),
    "network.EndpointSettings": (
        "IPAMConfig:*network.EndpointIPAMConfig Links:[] Aliases:[] MacAddress DriverOpts:{} "
        "GwPriority:i NetworkID EndpointID Gateway IPAddress IPPrefixLen:i IPv6Gateway "
        "GlobalIPv6Address GlobalIPv6PrefixLen:i DNSNames:[]"
    ),
    "ocispec.Platform": (
        "Architecture=architecture OS=os OSVersion=os.version OSFeatures=os.features:[] "
        "Variant=variant"
    ),
    "network.IPAMConfig": ("Subnet IPRange Gateway AuxAddress=AuxiliaryAddresses:{}"),
    "network.Task": ("Name EndpointID EndpointIP Info:{}"),
    "registry.IndexInfo": ("Name Mirrors:[] Secure:b Official:b"),
    "swarm.Peer": ("NodeID Addr"),
    "system.ContainerdNamespaces": ("Containers Plugins"),
    "container.HealthcheckResult": ("Start:t End:t ExitCode:i Output"),
    "mount.BindOptions": (
        "Propagation NonRecursive:b CreateMountpoint:b ReadOnlyNonRecursive:b "
        "ReadOnlyForceRecursive:b"
    ),
    "mount.VolumeOptions": ("NoCopy:b Labels:{} Subpath DriverConfig:*mount.Driver"),
    "mount.ImageOptions": ("Subpath"),
    "mount.TmpfsOptions": ("SizeBytes:i Mode:i Options:[][]"),
    "network.EndpointIPAMConfig": ("IPv4Address IPv6Address LinkLocalIPs:[]"),
    "mount.Driver": ("Name Options:{}"),
}
