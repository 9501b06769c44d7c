"""Certificates: a client that trusts the authority accepts the venues' hosts and nobody else's."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.localnet.tls import server_context


async def test_hosts_of_the_venues_are_trusted(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    context = server_context(ca_file, SystemClock().now_ns())
    assert "PRIVATE" not in ca_file.read_text()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=ca_file)
    async with server:
        for host in ("api.binance.com", "stream.bybit.com", "ws.bitget.com", "demo-fapi.binance.com"):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=host)
            writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="example.org")
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                "127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname="api.binance.com"
            )
