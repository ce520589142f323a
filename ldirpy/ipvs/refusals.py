"""The kernel's refusals in words: which service, what is wrong, what helps."""

import errno
import os

from ldirpy.errors import IpvsError
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    EditDest,
    EditService,
    Operation,
)

NO_IPVS = "the kernel has no IPVS: load it with `modprobe ip_vs`"
DENIED = "access to the kernel's IPVS table is denied: run as root or with CAP_NET_ADMIN"


def describe(operation: Operation) -> str:
    """An operation in a few words, with the service it is about."""
    match operation:
        case AddService(service):
            return f"add virtual service {service.id}"
        case EditService(service):
            return f"change virtual service {service.id}"
        case DeleteService(id):
            return f"remove virtual service {id}"
        case AddDest(service_id, dest):
            return f"add real server {dest.id} to {service_id}"
        case EditDest(service_id, dest):
            return f"change real server {dest.id} of {service_id}"
        case DeleteDest(service_id, id):
            return f"remove real server {id} from {service_id}"


def refusal(operation: Operation, number: int) -> IpvsError:
    """The error for an operation that the kernel refused with this errno."""
    return IpvsError(f"cannot {describe(operation)}: {_reason(operation, number)}", errno=number)


def _reason(operation: Operation, number: int) -> str:
    if number in (errno.EPERM, errno.EACCES):
        return DENIED
    if number == errno.ESRCH:
        return "there is no such virtual service in the kernel's table"
    if number == errno.EEXIST:
        return "it is already in the kernel's table"
    if number == errno.ENOENT:
        match operation:
            case AddService(service) | EditService(service):
                return (
                    f"the kernel does not know the scheduler {service.scheduler!r}: "
                    f"correct scheduler=, or `modprobe ip_vs_{service.scheduler}`"
                )
            case _:
                return "there is no such real server in the kernel's table"
    if number == errno.ERANGE:
        return "a weight or a connection threshold is out of range (l: must not exceed u:)"
    if number == errno.EINVAL:
        return "the kernel does not accept these settings (EINVAL)"
    return os.strerror(number)
