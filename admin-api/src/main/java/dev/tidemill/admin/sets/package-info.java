/// Vector sets over HTTP: what there is, how two compare, switch, roll back, check, retire.
@NullMarked
package dev.tidemill.admin.sets;

import org.jspecify.annotations.NullMarked;
