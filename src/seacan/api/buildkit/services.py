"""The methods that are answered, by their paths; to all others the answer is UNIMPLEMENTED."""

import socket
from collections.abc import Mapping

from seacan.api import engine
from seacan.api.buildkit.control import Control
from seacan.api.buildkit.endpoint import Endpoint
from seacan.api.buildkit.exporters import Exporters
from seacan.api.buildkit.gateway import Gateway
from seacan.api.buildkit.jobs import Jobs
from seacan.api.buildkit.messages import (
    DiskUsageRequest,
    Empty,
    EvaluateRequest,
    FrontendRequest,
    ReturnRequest,
    SolveRequest,
    WarnRequest,
)
from seacan.api.buildkit.passing import Passing
from seacan.api.buildkit.sessions import Sessions
from seacan.api.buildkit.solving import Solving
from seacan.grpc.server import Answer, serve, unary


class Services:
    def __init__(self, engine: engine.Engine) -> None:
        self.sessions = Sessions()
        jobs = Jobs()
        solving = Solving(engine.builds, self.sessions, Passing(engine))
        exporters = Exporters(engine, solving)
        self.endpoint = Endpoint(jobs, solving, exporters)
        control = Control(engine, jobs, solving, exporters)
        self._methods = {
            **_control(control, self.sessions),
            **_gateway(Gateway(engine, jobs, solving)),
        }

    async def serve(self, connection: socket.socket, early: bytes) -> None:
        """Answer the calls on a connection, until its client closes it."""
        await serve(connection, early, self._methods)


def _control(control: Control, sessions: Sessions) -> Mapping[str, Answer]:
    return {
        f"/moby.buildkit.v1.Control/{name}": answer
        for name, answer in {
            "Solve": unary(SolveRequest, control.solve),
            "Status": control.status,
            "Session": sessions.serve_call,
            "ListWorkers": unary(Empty, control.list_workers),
            "Info": unary(Empty, control.info),
            "DiskUsage": unary(DiskUsageRequest, control.disk_usage),
            "Prune": control.prune,
        }.items()
    }


def _gateway(gateway: Gateway) -> Mapping[str, Answer]:
    return {
        f"/moby.buildkit.v1.frontend.LLBBridge/{name}": answer
        for name, answer in {
            "Ping": unary(Empty, gateway.ping),
            "Solve": unary(FrontendRequest, gateway.solve),
            "Evaluate": unary(EvaluateRequest, gateway.evaluate),
            "Return": unary(ReturnRequest, gateway.come_back),
            "Inputs": unary(Empty, gateway.inputs),
            "Warn": unary(WarnRequest, gateway.warn),
        }.items()
    }
