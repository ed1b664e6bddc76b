package dev.tidemill.run.alerts;

/// Carries messages to one receiver. A failure is an answer, not an exception.
sealed interface Sender permits WebhookSender, SlackSender, MailSender {

    Answer send(Message message);
}
