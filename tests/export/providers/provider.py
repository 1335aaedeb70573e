#!/usr/bin/env python3
"""A Terraform provider that knows a schema and nothing else (plugin protocol 6).

Terraform's core type-checks a configuration against the schemas of its providers. Where no registry is reachable, this serves the schemas
that stand beside it, so that `init`, `validate`, `plan`, `show`, `test` and `apply` can be asked all the same. It talks to no cloud: what a
provider would compute is unknown in a plan and made up when applied. Rules that live in a provider's code (enumerations, ARN formats,
arguments that exclude each other) are not checked by it.

    PROVIDER=aws provider.py       started by Terraform, see `mirror`
"""

import base64
import datetime
import json
import os
import sys
import tempfile
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
import msgpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tf.gen import grpc_controller_pb2 as controller
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import grpc_stdio_pb2_grpc as stdio_rpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
UNKNOWN = msgpack.ExtType(0, b"\x00")
BLOCK_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
ATTRIBUTE_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
# Values that configurations take apart, so that any text will not do.
MADE_UP = {
    "certificate_authority": base64.b64encode(b"made up").decode(),
    "data": base64.b64encode(b"made up").decode(),
    "account_id": "123456789012",
    "partition": "aws",
}


# --- schemas as the protocol has them ---


def attribute_message(name, attribute):
    message = pb.Schema.Attribute(
        name=name,
        required=attribute.get("required", False),
        optional=attribute.get("optional", False),
        computed=attribute.get("computed", False),
        sensitive=attribute.get("sensitive", False),
    )
    if "nested_type" not in attribute:
        message.type = json.dumps(attribute["type"]).encode()
        return message
    nested = attribute["nested_type"]
    inner = pb.Schema.Object(nesting=ATTRIBUTE_NESTING[nested["nesting_mode"]])
    inner.attributes.extend(attribute_message(key, value) for key, value in nested["attributes"].items())
    message.nested_type.CopyFrom(inner)
    return message


def block_message(block):
    message = pb.Schema.Block(version=0)
    attributes = sorted(block.get("attributes", {}).items())
    message.attributes.extend(attribute_message(name, attribute) for name, attribute in attributes)
    for name, nested in sorted(block.get("block_types", {}).items()):
        message.block_types.append(
            pb.Schema.NestedBlock(
                type_name=name,
                block=block_message(nested["block"]),
                nesting=BLOCK_NESTING[nested["nesting_mode"]],
                min_items=nested.get("min_items", 0),
                max_items=nested.get("max_items", 0),
            )
        )
    return message


def schema_message(schema):
    return pb.Schema(version=schema.get("version", 0), block=block_message(schema.get("block", {})))


# --- values ---


def unpack(value):
    return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False) if value.msgpack else None


def pack(value):
    return pb.DynamicValue(msgpack=msgpack.packb(value, use_bin_type=True))


def is_unknown(value):
    return isinstance(value, msgpack.ExtType)


def type_of(attribute):
    if "type" in attribute:
        return attribute["type"]
    nested = attribute["nested_type"]
    inner = ["object", {key: type_of(value) for key, value in nested["attributes"].items()}]
    return inner if nested["nesting_mode"] == "single" else [nested["nesting_mode"], inner]


def made_up(kind, path):
    """A value of a type, the same every time."""
    name = path.rsplit(".", 1)[-1]
    if kind == "string":
        if name in MADE_UP:
            return MADE_UP[name]
        if name == "arn" or name.endswith("_arn"):
            return f"arn:aws:madeup:ap-south-1:123456789012:{path}"
        return f"made-up-{path}"
    if kind == "number":
        return 0
    if kind == "bool":
        return False
    if kind == "dynamic":
        return None
    if kind[0] == "object":
        return {key: made_up(value, f"{path}.{key}") for key, value in kind[1].items()}
    if kind[0] == "map":
        return {}
    if kind[0] in ("list", "set") and isinstance(kind[1], list) and kind[1][0] == "object":
        return [made_up(kind[1], path)]
    return []


def nested_values(block, value):
    """Name, schema and value of every block within a block's value."""
    for name, nested in block.get("block_types", {}).items():
        inner = value.get(name)
        if inner is None or is_unknown(inner):
            continue
        mode = nested["nesting_mode"]
        single = mode in ("single", "group")
        for one in [inner] if single else inner.values() if mode == "map" else inner:
            if one is not None and not is_unknown(one):
                yield name, nested["block"], one


def compute(block, value, path, is_missing, computed):
    """Puts something in the place of every attribute that a provider computes and that is missing."""
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("computed") and is_missing(value.get(name)):
            value[name] = computed(type_of(attribute), f"{path}.{name}")
    for name, nested, inner in nested_values(block, value):
        compute(nested, inner, f"{path}.{name}", is_missing, computed)
    return value


def unconfigurable(block, value, path):
    """Attributes that are set though a provider computes them."""
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("computed") and not attribute.get("optional") and value.get(name) is not None:
            yield f"{path}.{name}"
    for name, nested, inner in nested_values(block, value):
        yield from unconfigurable(nested, inner, f"{path}.{name}")


class Provider(rpc.ProviderServicer):
    def __init__(self, name):
        document = json.loads((Path(__file__).parent / f"{name}.json").read_text())
        (self.schemas,) = document["provider_schemas"].values()

    def block(self, kind, name):
        return self.schemas[kind][name]["block"]

    def GetMetadata(self, request, context):
        return pb.GetMetadata.Response(
            server_capabilities=pb.ServerCapabilities(plan_destroy=True),
            resources=[pb.GetMetadata.ResourceMetadata(type_name=name) for name in self.schemas["resource_schemas"]],
            data_sources=[
                pb.GetMetadata.DataSourceMetadata(type_name=name) for name in self.schemas["data_source_schemas"]
            ],
        )

    def GetProviderSchema(self, request, context):
        response = pb.GetProviderSchema.Response(provider=schema_message(self.schemas.get("provider", {})))
        for name, schema in self.schemas["resource_schemas"].items():
            response.resource_schemas[name].CopyFrom(schema_message(schema))
        for name, schema in self.schemas["data_source_schemas"].items():
            response.data_source_schemas[name].CopyFrom(schema_message(schema))
        response.server_capabilities.plan_destroy = True
        return response

    def GetFunctions(self, request, context):
        return pb.GetFunctions.Response()

    def ValidateProviderConfig(self, request, context):
        return pb.ValidateProviderConfig.Response()

    def ConfigureProvider(self, request, context):
        return pb.ConfigureProvider.Response()

    def StopProvider(self, request, context):
        return pb.StopProvider.Response()

    def ValidateResourceConfig(self, request, context):
        response = pb.ValidateResourceConfig.Response()
        value = unpack(request.config)
        for path in unconfigurable(self.block("resource_schemas", request.type_name), value or {}, request.type_name):
            response.diagnostics.add(
                severity=1,
                summary="Value for unconfigurable attribute",
                detail=f'Can\'t configure a value for "{path}": the provider decides it.',
            )
        return response

    def ValidateDataResourceConfig(self, request, context):
        return pb.ValidateDataResourceConfig.Response()

    def UpgradeResourceState(self, request, context):
        return pb.UpgradeResourceState.Response(upgraded_state=pb.DynamicValue(json=request.raw_state.json))

    def ReadResource(self, request, context):
        return pb.ReadResource.Response(new_state=request.current_state, private=request.private)

    def PlanResourceChange(self, request, context):
        value = unpack(request.proposed_new_state)
        if value is None:
            return pb.PlanResourceChange.Response(planned_state=request.proposed_new_state)
        block = self.block("resource_schemas", request.type_name)
        compute(block, value, request.type_name, lambda value: value is None, lambda *_: UNKNOWN)
        return pb.PlanResourceChange.Response(planned_state=pack(value))

    def ApplyResourceChange(self, request, context):
        value = unpack(request.planned_state)
        if value is not None:
            compute(
                self.block("resource_schemas", request.type_name), value, request.type_name, is_unknown, made_up
            )
        return pb.ApplyResourceChange.Response(new_state=pack(value))

    def ReadDataSource(self, request, context):
        value = unpack(request.config)
        block = self.block("data_source_schemas", request.type_name)
        compute(block, value, request.type_name, lambda value: value is None, made_up)
        return pb.ReadDataSource.Response(state=pack(value))


class Controller(controller_rpc.GRPCControllerServicer):
    def __init__(self, stop):
        self.stop = stop

    def Shutdown(self, request, context):
        self.stop.set()
        return controller.Empty()


class Stdio(stdio_rpc.GRPCStdioServicer):
    def __init__(self, stop):
        self.stop = stop

    def StreamStdio(self, request, context):
        self.stop.wait()
        yield from ()


def certificate():
    """A certificate for this process: Terraform speaks TLS with its providers."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, signed


def main():
    if os.environ.get("TF_PLUGIN_MAGIC_COOKIE") != COOKIE:
        sys.exit("This is a Terraform plugin that knows schemas only.")
    stop = threading.Event()
    server = grpc.server(
        futures.ThreadPoolExecutor(16),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    rpc.add_ProviderServicer_to_server(Provider(os.environ["PROVIDER"]), server)
    controller_rpc.add_GRPCControllerServicer_to_server(Controller(stop), server)
    stdio_rpc.add_GRPCStdioServicer_to_server(Stdio(stop), server)
    key, signed = certificate()
    pem = signed.public_bytes(serialization.Encoding.PEM)
    socket = f"{tempfile.mkdtemp()}/provider.sock"
    server.add_secure_port(f"unix://{socket}", grpc.ssl_server_credentials([(key, pem)]))
    server.start()
    der = base64.b64encode(signed.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")
    print("|".join(["1", "6", "unix", socket, "grpc", der]), flush=True)
    stop.wait()
    server.stop(0.1)
    time.sleep(0.1)
    os._exit(0)


main()
