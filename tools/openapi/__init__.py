"""The OpenAPI document of the whole API: ``docs/openapi.json``.

Routes come from ``template.yaml``, scopes from the handlers' decorators, requests from the wires'
forms, answers from their ``TypedDict`` shapes. What no code says (summaries, which statuses an
operation answers) stands in a module for each wire, written in :mod:`.vocabulary`.
"""
