"""The OpenAPI document of the whole API: ``docs/openapi.json``.

Routes come from ``template.yaml``, scopes from the handlers' decorators, requests from the wires'
forms, answers from their ``TypedDict`` shapes, what subscribers get from the domain's events.
Examples of requests are the payloads of ``events/``; examples of answers are what handlers
answered to them (:mod:`.recorded`). What no code says (summaries, which statuses an operation
answers) stands in a module for each wire, written in :mod:`.vocabulary`.
"""
