"""Every entity of the unified model, by kind."""

from ._base import Entity
from .activity import Activity, Association, Event, User
from .ads import Ad, AdAccount, AdGroup, Campaign, Creative, Keyword
from .audiences import List, Membership
from .billing import Dispute, Invoice, Payment, Subscription
from .commerce import Order, OrderLine, Price, Product, Refund
from .consent import ConsentEvent, ConsentState
from .email import EmailMessage, Template
from .forms import Form, FormSubmission
from .metrics import MetricFact
from .people import Company, ContactPoint, Identifier, Person, PersonCompany
from .sales import Deal, Lead, Pipeline, Stage
from .support import Conversation, Message, Ticket

ENTITIES: dict[str, type[Entity]] = {
    entity.kind: entity
    for entity in (
        Person,
        ContactPoint,
        Identifier,
        Company,
        PersonCompany,
        ConsentState,
        ConsentEvent,
        List,
        Membership,
        AdAccount,
        Campaign,
        AdGroup,
        Ad,
        Creative,
        Keyword,
        EmailMessage,
        Template,
        MetricFact,
        Event,
        Lead,
        Deal,
        Pipeline,
        Stage,
        Product,
        Price,
        Order,
        OrderLine,
        Refund,
        Subscription,
        Invoice,
        Payment,
        Dispute,
        Ticket,
        Conversation,
        Message,
        Form,
        FormSubmission,
        User,
        Activity,
        Association,
    )
}
"""Every entity by kind, in the order in which a reader meets them."""
