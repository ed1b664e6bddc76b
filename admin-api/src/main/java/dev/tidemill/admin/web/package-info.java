/// What all HTTP endpoints share: problem details for whatever goes wrong, and the refusal of what nobody reads.
@NullMarked
package dev.tidemill.admin.web;

import org.jspecify.annotations.NullMarked;
