"""The local cloud: OrderHub's real template on an AWS emulator, on this machine alone.

From a shell: ``python -m local up|stop|clean|logs|status``, or the Makefile's targets of those
names. From a test::

    from local.cloud import LocalCloud, free_port
    from local.deployment import deploy

    cloud = LocalCloud(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    cloud.start()
    stack = deploy(cloud, parameters={"Stage": "test"})
    httpx.get(f"{stack.api_url}/orders")
    cloud.stop()

Nothing is imported here: local.serve runs under an interpreter without any of our packages.
"""
