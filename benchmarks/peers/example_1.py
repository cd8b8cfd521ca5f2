"""The specification's example 1 (JWT, a database session for each request, the Agents SDK), repaired so that it streams.

What was repaired: the streamed run is the SDK's real one, times are aware, and the session is not held open while the model speaks.
SQLAlchemy's ORM stands where the example has SQLModel, which is a layer on top of it.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.processes import SECRET


class Base(DeclarativeBase):
    pass


class Conversation(Base):
    __tablename__ = "conversations"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    title: Mapped[str | None]
    updated_at: Mapped[datetime]


class Message(Base):
    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    role: Mapped[str]
    content: Mapped[str]
    created_at: Mapped[datetime]


def user_of(authorization: Annotated[str, Header()]) -> str:
    try:
        return jwt.decode(authorization.removeprefix("Bearer "), SECRET, ["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None


def example_1(base_url: str, model: str) -> FastAPI:
    set_tracing_disabled(True)
    engine = create_engine("sqlite:///example.db")
    Base.metadata.create_all(engine)
    client = AsyncOpenAI(base_url=base_url, api_key="none")
    agent: Agent[Any] = Agent(
        name="Todo", instructions="You help.", model=OpenAIChatCompletionsModel(model=model, openai_client=client)
    )
    app = FastAPI()

    @app.post("/chatkit")
    async def chatkit(request: Request, user_id: Annotated[str, Depends(user_of)]) -> StreamingResponse:
        body = await request.json()
        message = body.get("message", "").strip()
        if not message:
            raise HTTPException(status_code=400, detail="Message is required")
        with Session(engine) as session:
            conversation = _conversation(session, user_id, body.get("thread_id"), message)
            history = _history(session, conversation)
            session.add(_message(conversation, "user", message))
            session.commit()
        return StreamingResponse(
            _answer(engine, agent, conversation, [*history, {"role": "user", "content": message}]),
            media_type="text/event-stream",
        )

    return app


def _conversation(session: Session, user_id: str, thread_id: int | None, message: str) -> int:
    if thread_id:
        known = session.scalar(
            select(Conversation).where(Conversation.id == thread_id, Conversation.user_id == user_id)
        )
        if known is not None:
            return known.id
    conversation = Conversation(user_id=user_id, title=message[:50], updated_at=datetime.now(UTC))
    session.add(conversation)
    session.commit()
    return conversation.id


def _history(session: Session, conversation: int) -> list[Any]:
    said = session.scalars(
        select(Message).where(Message.conversation_id == conversation).order_by(Message.created_at)
    ).all()
    return [{"role": message.role, "content": message.content} for message in said]


def _message(conversation: int, role: str, content: str) -> Message:
    return Message(conversation_id=conversation, role=role, content=content, created_at=datetime.now(UTC))


async def _answer(engine: Any, agent: Agent[Any], conversation: int, asked: list[Any]) -> AsyncIterator[str]:
    said = ""
    result = Runner.run_streamed(agent, asked, max_turns=10)
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            said += event.data.delta
            yield f"data: {json.dumps({'type': 'text', 'content': event.data.delta})}\n\n"
    with Session(engine) as session:
        session.add(_message(conversation, "assistant", said))
        known = session.get(Conversation, conversation)
        if known is not None:
            known.updated_at = datetime.now(UTC)
        session.commit()
    yield "data: [DONE]\n\n"
