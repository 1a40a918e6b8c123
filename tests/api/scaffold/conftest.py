"""Three small descriptions, one of each notation, and drafts of them on disk."""

import json
from pathlib import Path

import pytest

from vaiven_api.scaffold import from_api, load, write

SWAGGER_2 = {
    "swagger": "2.0",
    "info": {"title": "Oldmail REST API", "version": "2.1"},
    "host": "api.oldmail.example",
    "basePath": "/v2",
    "externalDocs": {"url": "https://docs.oldmail.example"},
    "securityDefinitions": {
        "key": {"type": "apiKey", "in": "query", "name": "api_key"},
        "sign_in": {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": "https://oldmail.example/authorize",
            "tokenUrl": "https://oldmail.example/token",
            "scopes": {"contacts.read": "read"},
        },
    },
    "paths": {
        "/subscribers": {
            "get": {
                "operationId": "listSubscribers",
                "security": [{"sign_in": ["contacts.read"]}],
                "parameters": [
                    {"name": "offset", "in": "query", "type": "integer"},
                    {"name": "limit", "in": "query", "type": "integer", "maximum": 50},
                    {"name": "list", "in": "query", "type": "string", "required": True, "default": "main"},
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Page"}}},
            }
        },
        "/subscribers/{id}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Subscriber"}}}}},
        "/lists": {
            "get": {
                "parameters": [{"name": "account", "in": "query", "type": "string", "required": True}],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Subscriber"}}}},
            }
        },
    },
    "definitions": {
        "Page": {
            "type": "object",
            "properties": {
                "total": {"type": "integer"},
                "subscribers": {"type": "array", "items": {"$ref": "#/definitions/Subscriber"}},
            },
        },
        "Subscriber": {
            "type": "object",
            "required": ["id", "state"],
            "properties": {
                "id": {"type": "integer"},
                "email_address": {"type": "string"},
                "firstName": {"type": "string", "x-nullable": True},
                "state": {"type": "string", "enum": ["on", "off"]},
                "born": {"type": "string", "format": "date"},
                "score": {"type": "number"},
                "labels": {"type": "array", "items": {"type": "string"}},
                "visits": {"type": "array", "items": {"$ref": "#/definitions/Subscriber"}},
                "class": {"type": "string"},
                "copy": {"type": "string"},
                "date": {"type": "string", "format": "date"},
                "odd.name": {"type": "string"},
                "parent": {"$ref": "#/definitions/Subscriber"},
            },
        },
    },
}
OPENAPI_31 = {
    "openapi": "3.1.0",
    "info": {"title": "Newcrm API", "version": "2026-10"},
    "servers": [
        {
            "url": "https://{region}.newcrm.example/api",
            "variables": {"region": {"default": "eu", "enum": ["eu", "us"], "description": "Where the data is kept"}},
        }
    ],
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "open": {"type": "openIdConnect"}},
        "schemas": {
            "Person": {
                "type": "object",
                "required": ["id", "updated_at"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "email": {"type": ["string", "null"], "format": "email"},
                    "name": {
                        "type": "object",
                        "properties": {"first": {"type": "string"}, "last": {"type": "string"}},
                    },
                    "address": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
                    },
                    "billing": {"type": "object", "properties": {"city": {"type": "string"}}},
                    "mobile": {"type": "string"},
                    "company_id": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "updated_at": {"type": "string", "format": "date-time"},
                },
            },
            "Company": {
                "allOf": [
                    {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                    {"type": "object", "properties": {"name": {"type": "string"}, "domain": {"type": "string"}}},
                ]
            },
        },
    },
    "paths": {
        "/people": {
            "get": {
                "operationId": "people.list",
                "parameters": [
                    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
                    {"name": "page_size", "in": "query", "schema": {"type": "integer", "maximum": 200}},
                    {"name": "updated_since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
                                        "meta": {
                                            "type": "object",
                                            "properties": {"next_cursor": {"type": ["string", "null"]}},
                                        },
                                    },
                                }
                            }
                        },
                    }
                },
            }
        },
        "/companies": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Company"}}
                            }
                        },
                    }
                },
            }
        },
        "/weather": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Company"}}
                            }
                        },
                    }
                }
            }
        },
    },
}
YAML = """
openapi: 3.0.3
info: {title: Payfast, version: "1"}
servers: [{url: https://api.payfast.example/v3}]
security: [{basic: []}]
components:
  securitySchemes:
    basic: {type: http, scheme: basic}
  schemas:
    Charge:
      type: object
      required: [charge_id, currency]
      properties:
        charge_id: {type: string}
        currency: {type: string}
        amount: {type: integer, format: int64}
        status: {type: string, enum: [pending, succeeded]}
        description: {type: string, nullable: true}
paths:
  /charges:
    get:
      parameters:
        - {name: starting_after, in: query, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer, default: 20}}
      responses:
        "200":
          description: charges
          content:
            application/json:
              schema:
                type: object
                properties:
                  has_more: {type: boolean}
                  data:
                    type: array
                    items: {$ref: "#/components/schemas/Charge"}
"""
SOURCES = {"oldmail": json.dumps(SWAGGER_2), "newcrm": json.dumps(OPENAPI_31), "payfast": YAML}


def drafted(folder: Path, slug: str):
    file = folder / f"{slug}.txt"
    file.write_text(SOURCES[slug])
    return from_api(load(file), slug, "", "", "", source=f"{slug}.txt", most=12)


@pytest.fixture(scope="session")
def drafts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("descriptions")
    return {slug: drafted(folder, slug) for slug in SOURCES}


@pytest.fixture(scope="session")
def folders(drafts, tmp_path_factory):
    into = tmp_path_factory.mktemp("drafts")
    return {slug: write(draft, into) for slug, draft in drafts.items()}
