package de.starface.core.component.events;

/** What everything on the PBX's event bus is. */
public abstract class Event {
}
