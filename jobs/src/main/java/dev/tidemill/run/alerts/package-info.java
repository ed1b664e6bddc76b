/// What an operator should hear of, and how it reaches them: events in an outbox that commits with what they tell,
/// and a worker that carries them to webhooks, Slack and mail until they arrive or 72 hours have passed.
@NullMarked
package dev.tidemill.run.alerts;

import org.jspecify.annotations.NullMarked;
