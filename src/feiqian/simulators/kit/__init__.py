"""What all simulators share: clock, books, misbehaviour, callbacks, process, the frame of the buyer's phone.

A simulator in short::

    SWITCHES = {"callback": CALLBACK_MODES | {"wrong_amount": "says one fen more"}, "answer": ANSWER_MODES,
                "refund": {"normal": "…", "processing": "…"}}
    sandbox = open_sandbox(data_dir, name="alipay", schema=SQL, setting=clock_setting(options),
                           switches=SWITCHES, settings={**CALLBACK_SETTINGS, **ANSWER_SETTINGS})
    callbacks = Callbacks(sandbox.books, sandbox.clock, sandbox.behaviour, Protocol(make=…, is_acknowledged=…, …))
    app = web.Application(middlewares=[hostile_answers(sandbox.behaviour, ("/gateway",), refuse), every_answer])
    app.add_routes([*controls(sandbox, callbacks), web.get(STYLE_PATH, answer_style), …])
    await serve(app, sandbox, options, workers=[callbacks.deliver_forever()])

- ``process``: ``parser``, ``clock_setting``, ``run``, ``serve`` (ready line, signals, TCP listeners beside HTTP).
- ``sandbox``: ``Sandbox``, ``open_sandbox``, ``controls`` (/sandbox/clock, /sandbox/behaviour), ``shown``.
- ``books``: ``Books``; write inside ``with books.atomically()``, ``await books.durable()`` before answering.
- ``behaviour``: switches as data; ``behaviour.take("refund")`` says how the next one behaves and counts ``only_next``.
- ``callbacks``: ``enqueue`` inside ``atomically``, retried after ``Protocol.retry_after_s``; ``recorded`` for a look.
- ``hostility``: ``hostile_answers`` middleware; a handler raises ``NeverAnswered`` and the simulator's own middleware
  answers it with ``await lose_answer(request)`` after ``durable``.
- ``clock`` and ``moments``: the sandbox's time, which may be set back; milliseconds, Beijing time.
- ``files``: ``load_or_create`` credentials.json, ``keep`` it after a rotation, ``token`` and ``named_by`` for links.
- ``pages``: frame and parts of the pages on which a person pays as the buyer.
"""
