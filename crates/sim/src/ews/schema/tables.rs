//! What the schema says of the operations pretended here (`messages.xsd` and `types.xsd` of Exchange SE), as far as
//! clients that read calendars use it.

/// A namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Messages,
    Types,
}

/// What a value must look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    Any,
    Filled,
    Int,
    Bool,
    Instant,
    /// One of these words.
    OneOf(&'static str),
    /// Some of these words.
    SomeOf(&'static str),
    /// The name of a property: `calendar:Start`.
    Property,
}

pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) check: Check,
    pub(super) needed: bool,
}

pub(super) struct Shape {
    pub(super) attributes: &'static [Attribute],
    pub(super) content: Content,
}

pub(super) enum Content {
    Empty,
    Text(Check),
    Sequence(&'static [Particle]),
    /// Looked at by whoever uses it.
    Anything,
}

/// One place in a sequence: so many of one of these.
pub(super) struct Particle {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) of: &'static [Element],
}

pub(super) struct Element {
    pub(super) space: Space,
    pub(super) name: &'static str,
    pub(super) shape: &'static Shape,
}

const MANY: u32 = u32::MAX;

const fn m(name: &'static str, shape: &'static Shape) -> Element {
    Element { space: Space::Messages, name, shape }
}

const fn t(name: &'static str, shape: &'static Shape) -> Element {
    Element { space: Space::Types, name, shape }
}

const fn one(of: &'static [Element]) -> Particle {
    Particle { least: 1, most: 1, of }
}

const fn maybe(of: &'static [Element]) -> Particle {
    Particle { least: 0, most: 1, of }
}

const fn many(least: u32, of: &'static [Element]) -> Particle {
    Particle { least, most: MANY, of }
}

const fn needed(name: &'static str, check: Check) -> Attribute {
    Attribute { name, check, needed: true }
}

const fn optional(name: &'static str, check: Check) -> Attribute {
    Attribute { name, check, needed: false }
}

const fn text(check: Check) -> Shape {
    Shape { attributes: &[], content: Content::Text(check) }
}

const fn sequence(particles: &'static [Particle]) -> Shape {
    Shape { attributes: &[], content: Content::Sequence(particles) }
}

const fn bare(attributes: &'static [Attribute]) -> Shape {
    Shape { attributes, content: Content::Empty }
}

static ANYTHING: Shape = Shape { attributes: &[], content: Content::Anything };
static TEXT: Shape = text(Check::Any);
static FILLED: Shape = text(Check::Filled);
static INT: Shape = text(Check::Int);
static BOOL: Shape = text(Check::Bool);
static INSTANT: Shape = text(Check::Instant);

static BASE_SHAPE: Shape = text(Check::OneOf("IdOnly Default AllProperties PcxPeopleSearch"));
static BODY_TYPE: Shape = text(Check::OneOf("Best HTML Text"));
static FIELD: Shape = bare(&[needed("FieldURI", Check::Property)]);
static INDEXED_FIELD: Shape = bare(&[needed("FieldURI", Check::Filled), needed("FieldIndex", Check::Filled)]);
static EXTENDED_FIELD: Shape = bare(&[
    optional("DistinguishedPropertySetId", Check::Filled),
    optional("PropertySetId", Check::Filled),
    optional("PropertyTag", Check::Filled),
    optional("PropertyName", Check::Filled),
    optional("PropertyId", Check::Int),
    needed("PropertyType", Check::Filled),
]);
static PATHS: Shape = sequence(&[many(
    1,
    &[t("FieldURI", &FIELD), t("IndexedFieldURI", &INDEXED_FIELD), t("ExtendedFieldURI", &EXTENDED_FIELD)],
)]);

static ITEM_SHAPE: Shape = sequence(&[
    one(&[t("BaseShape", &BASE_SHAPE)]),
    maybe(&[t("IncludeMimeContent", &BOOL)]),
    maybe(&[t("BodyType", &BODY_TYPE)]),
    maybe(&[t("UniqueBodyType", &BODY_TYPE)]),
    maybe(&[t("NormalizedBodyType", &BODY_TYPE)]),
    maybe(&[t("FilterHtmlContent", &BOOL)]),
    maybe(&[t("ConvertHtmlCodePageToUTF8", &BOOL)]),
    maybe(&[t("InlineImageUrlTemplate", &TEXT)]),
    maybe(&[t("BlockExternalImages", &BOOL)]),
    maybe(&[t("AddBlankTargetToLinks", &BOOL)]),
    maybe(&[t("MaximumBodySize", &INT)]),
    maybe(&[t("AdditionalProperties", &PATHS)]),
]);
static FOLDER_SHAPE: Shape =
    sequence(&[one(&[t("BaseShape", &BASE_SHAPE)]), maybe(&[t("AdditionalProperties", &PATHS)])]);

static CALENDAR_VIEW: Shape = bare(&[
    optional("MaxEntriesReturned", Check::Int),
    needed("StartDate", Check::Instant),
    needed("EndDate", Check::Instant),
]);
static INDEXED_VIEW: Shape = bare(&[
    optional("MaxEntriesReturned", Check::Int),
    needed("Offset", Check::Int),
    needed("BasePoint", Check::OneOf("Beginning End")),
]);
static FRACTIONAL_VIEW: Shape = bare(&[
    optional("MaxEntriesReturned", Check::Int),
    needed("Numerator", Check::Int),
    needed("Denominator", Check::Int),
]);

static MAILBOX: Shape = sequence(&[
    maybe(&[t("Name", &TEXT)]),
    maybe(&[t("EmailAddress", &FILLED)]),
    maybe(&[t("RoutingType", &FILLED)]),
    maybe(&[t("MailboxType", &TEXT)]),
    maybe(&[t("ItemId", &ITEM_ID)]),
    maybe(&[t("OriginalDisplayName", &TEXT)]),
]);
static ITEM_ID: Shape = bare(&[needed("Id", Check::Any), optional("ChangeKey", Check::Any)]);
static FOLDER_ID: Shape = bare(&[needed("Id", Check::Any), optional("ChangeKey", Check::Any)]);
static DISTINGUISHED: Shape = Shape {
    attributes: &[needed("Id", Check::OneOf(FOLDERS)), optional("ChangeKey", Check::Any)],
    content: Content::Sequence(&[maybe(&[t("Mailbox", &MAILBOX)])]),
};
static FOLDER_IDS: Shape =
    sequence(&[many(1, &[t("FolderId", &FOLDER_ID), t("DistinguishedFolderId", &DISTINGUISHED)])]);
static ITEM_IDS: Shape = sequence(&[many(
    1,
    &[
        t("ItemId", &ITEM_ID),
        t("OccurrenceItemId", &OCCURRENCE_ID),
        t("RecurringMasterItemId", &MASTER_ID),
        t("RecurringMasterItemIdRanges", &ANYTHING),
    ],
)]);
static OCCURRENCE_ID: Shape = bare(&[
    needed("RecurringMasterId", Check::Any),
    optional("ChangeKey", Check::Any),
    needed("InstanceIndex", Check::Int),
]);
static MASTER_ID: Shape = bare(&[needed("OccurrenceId", Check::Any), optional("ChangeKey", Check::Any)]);

static SORT_ORDER: Shape = sequence(&[many(1, &[t("FieldOrder", &FIELD_ORDER)])]);
static FIELD_ORDER: Shape = Shape {
    attributes: &[needed("Order", Check::OneOf("Ascending Descending"))],
    content: Content::Sequence(&[one(&[
        t("FieldURI", &FIELD),
        t("IndexedFieldURI", &INDEXED_FIELD),
        t("ExtendedFieldURI", &EXTENDED_FIELD),
    ])]),
};

static FIND_ITEM: Shape = Shape {
    attributes: &[needed("Traversal", Check::OneOf("Shallow SoftDeleted Associated"))],
    content: Content::Sequence(&[
        one(&[m("ItemShape", &ITEM_SHAPE)]),
        maybe(&[
            m("IndexedPageItemView", &INDEXED_VIEW),
            m("FractionalPageItemView", &FRACTIONAL_VIEW),
            m("SeekToConditionPageItemView", &ANYTHING),
            m("CalendarView", &CALENDAR_VIEW),
            m("ContactsView", &ANYTHING),
        ]),
        maybe(&[m("GroupBy", &ANYTHING), m("DistinguishedGroupBy", &ANYTHING)]),
        maybe(&[m("Restriction", &ANYTHING)]),
        maybe(&[m("SortOrder", &SORT_ORDER)]),
        one(&[m("ParentFolderIds", &FOLDER_IDS)]),
        maybe(&[m("QueryString", &TEXT)]),
    ]),
};
static FIND_FOLDER: Shape = Shape {
    attributes: &[needed("Traversal", Check::OneOf("Shallow Deep SoftDeleted"))],
    content: Content::Sequence(&[
        one(&[m("FolderShape", &FOLDER_SHAPE)]),
        maybe(&[m("IndexedPageFolderView", &INDEXED_VIEW), m("FractionalPageFolderView", &FRACTIONAL_VIEW)]),
        maybe(&[m("Restriction", &ANYTHING)]),
        one(&[m("ParentFolderIds", &FOLDER_IDS)]),
    ]),
};
static GET_FOLDER: Shape = sequence(&[one(&[m("FolderShape", &FOLDER_SHAPE)]), one(&[m("FolderIds", &FOLDER_IDS)])]);
static GET_ITEM: Shape = sequence(&[one(&[m("ItemShape", &ITEM_SHAPE)]), one(&[m("ItemIds", &ITEM_IDS)])]);

static ALTERNATE_ID: Shape = bare(&[
    needed("Format", Check::OneOf(ID_FORMATS)),
    needed("Id", Check::Any),
    needed("Mailbox", Check::Filled),
    optional("IsArchive", Check::Bool),
]);
const ID_FORMATS: &str = "EwsLegacyId EwsId EntryId HexEntryId StoreId OwaId";
static CONVERT_ID: Shape = Shape {
    attributes: &[needed("DestinationFormat", Check::OneOf(ID_FORMATS))],
    content: Content::Sequence(&[one(&[m("SourceIds", &ALTERNATE_IDS)])]),
};
static ALTERNATE_IDS: Shape = sequence(&[many(
    1,
    &[
        t("AlternateId", &ALTERNATE_ID),
        t("AlternatePublicFolderId", &ANYTHING),
        t("AlternatePublicFolderItemId", &ANYTHING),
    ],
)]);

static RESOLVE_NAMES: Shape = Shape {
    attributes: &[
        needed("ReturnFullContactData", Check::Bool),
        optional(
            "SearchScope",
            Check::OneOf("ActiveDirectory ActiveDirectoryContacts Contacts ContactsActiveDirectory"),
        ),
        optional("ContactDataShape", Check::OneOf("IdOnly Default AllProperties PcxPeopleSearch")),
    ],
    content: Content::Sequence(&[maybe(&[m("ParentFolderIds", &FOLDER_IDS)]), one(&[m("UnresolvedEntry", &FILLED)])]),
};
static GET_SERVER_TIME_ZONES: Shape = Shape {
    attributes: &[optional("ReturnFullTimeZoneData", Check::Bool)],
    content: Content::Sequence(&[maybe(&[m("Ids", &ZONE_IDS)])]),
};
static ZONE_IDS: Shape = sequence(&[many(1, &[t("Id", &TEXT)])]);
static GET_USER_CONFIGURATION: Shape = sequence(&[
    one(&[m("UserConfigurationName", &ANYTHING)]),
    one(&[m("UserConfigurationProperties", &CONFIGURATION)]),
]);
static CONFIGURATION: Shape = text(Check::SomeOf("Id Dictionary XmlData BinaryData All"));

static TIME_ZONE: Shape =
    sequence(&[one(&[t("Bias", &INT)]), one(&[t("StandardTime", &ZONE_TIME)]), one(&[t("DaylightTime", &ZONE_TIME)])]);
static ZONE_TIME: Shape = sequence(&[
    one(&[t("Bias", &INT)]),
    one(&[t("Time", &TEXT)]),
    one(&[t("DayOrder", &INT)]),
    one(&[t("Month", &INT)]),
    one(&[t("DayOfWeek", &WEEKDAY)]),
    maybe(&[t("Year", &TEXT)]),
]);
static WEEKDAY: Shape =
    text(Check::OneOf("Sunday Monday Tuesday Wednesday Thursday Friday Saturday Day Weekday WeekendDay"));
static GET_USER_AVAILABILITY: Shape = sequence(&[
    maybe(&[t("TimeZone", &TIME_ZONE)]),
    one(&[m("MailboxDataArray", &MAILBOX_DATA_ARRAY)]),
    maybe(&[t("FreeBusyViewOptions", &FREE_BUSY_OPTIONS)]),
    maybe(&[t("SuggestionsViewOptions", &ANYTHING)]),
]);
static MAILBOX_DATA_ARRAY: Shape = sequence(&[many(0, &[t("MailboxData", &MAILBOX_DATA)])]);
static MAILBOX_DATA: Shape = sequence(&[
    one(&[t("Email", &EMAIL)]),
    one(&[t("AttendeeType", &ATTENDEE)]),
    maybe(&[t("ExcludeConflicts", &BOOL)]),
]);
static EMAIL: Shape =
    sequence(&[maybe(&[t("Name", &TEXT)]), one(&[t("Address", &TEXT)]), maybe(&[t("RoutingType", &TEXT)])]);
static ATTENDEE: Shape = text(Check::OneOf("Organizer Required Optional Room Resource"));
static FREE_BUSY_OPTIONS: Shape = sequence(&[
    one(&[t("TimeWindow", &DURATION)]),
    maybe(&[t("MergedFreeBusyIntervalInMinutes", &INT)]),
    maybe(&[t("RequestedView", &REQUESTED_VIEW)]),
]);
static DURATION: Shape = sequence(&[one(&[t("StartTime", &INSTANT)]), one(&[t("EndTime", &INSTANT)])]);
static REQUESTED_VIEW: Shape = text(Check::SomeOf("None MergedOnly FreeBusy FreeBusyMerged Detailed DetailedMerged"));

/// The operations by the elements that call them.
pub(super) static OPERATIONS: [Element; 9] = [
    m("FindItem", &FIND_ITEM),
    m("FindFolder", &FIND_FOLDER),
    m("GetFolder", &GET_FOLDER),
    m("GetItem", &GET_ITEM),
    m("ConvertId", &CONVERT_ID),
    m("ResolveNames", &RESOLVE_NAMES),
    m("GetServerTimeZones", &GET_SERVER_TIME_ZONES),
    m("GetUserConfiguration", &GET_USER_CONFIGURATION),
    m("GetUserAvailabilityRequest", &GET_USER_AVAILABILITY),
];

static VERSION: Shape = bare(&[needed("Version", Check::Any)]);
static IMPERSONATION: Shape = sequence(&[one(&[t("ConnectingSID", &CONNECTING_SID)])]);
static CONNECTING_SID: Shape = sequence(&[one(&[
    t("PrincipalName", &TEXT),
    t("SID", &TEXT),
    t("PrimarySmtpAddress", &TEXT),
    t("SmtpAddress", &TEXT),
])]);
static ZONE_CONTEXT: Shape = sequence(&[one(&[t("TimeZoneDefinition", &ZONE_DEFINITION)])]);
static ZONE_DEFINITION: Shape =
    Shape { attributes: &[optional("Id", Check::Any), optional("Name", Check::Any)], content: Content::Anything };

/// The headers that are looked at.
pub(super) static HEADERS: [Element; 3] = [
    t("RequestServerVersion", &VERSION),
    t("ExchangeImpersonation", &IMPERSONATION),
    t("TimeZoneContext", &ZONE_CONTEXT),
];

/// Whether a property has a name of the schema (`UnindexedFieldURIType`). The kinds of items that are no
/// appointments are known by their prefix only.
pub(super) fn is_property(name: &str) -> bool {
    let Some((kind, property)) = name.split_once(':') else { return false };
    let known = match kind {
        "item" => ITEM,
        "calendar" => CALENDAR,
        "folder" => FOLDER,
        "message" | "contacts" | "task" | "meeting" | "meetingRequest" | "postitem" | "distributionlist"
        | "conversation" | "persona" | "person" | "sharingMessage" => return !property.is_empty(),
        _ => return false,
    };
    known.split_ascii_whitespace().any(|known| known == property)
}

const ITEM: &str = "ItemId ParentFolderId ItemClass MimeContent Attachments Subject DateTimeReceived Size Categories \
    HasAttachments Importance InReplyTo InternetMessageHeaders IsAssociated IsDraft IsFromMe IsResend IsSubmitted \
    IsUnmodified DateTimeSent DateTimeCreated Body ResponseObjects Sensitivity ReminderDueBy ReminderIsSet \
    ReminderNextTime ReminderMinutesBeforeStart DisplayTo DisplayCc DisplayBcc Culture EffectiveRights LastModifiedName \
    LastModifiedTime ConversationId UniqueBody Flag StoreEntryId InstanceKey NormalizedBody EntityExtractionResult \
    PolicyTag ArchiveTag RetentionDate Preview PredictedActionReasons IsClutter RightsManagementLicenseData BlockStatus \
    HasBlockedImages WebClientReadFormQueryString WebClientEditFormQueryString TextBody IconIndex MimeContentUTF8 \
    Mentions MentionedMe MentionsPreview MentionsEx Hashtags AppliedHashtags AppliedHashtagsPreview Likes LikesPreview \
    PendingSocialActivityTagIds AtAllMention CanDelete InferenceClassification FirstBody";
const CALENDAR: &str = "Start End OriginalStart StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IsAllDayEvent \
    LegacyFreeBusyStatus Location EnhancedLocation When IsMeeting IsCancelled IsRecurring MeetingRequestWasSent \
    IsResponseRequested CalendarItemType MyResponseType Organizer RequiredAttendees OptionalAttendees Resources \
    ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings AdjacentMeetings InboxReminders Duration TimeZone \
    AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence FirstOccurrence LastOccurrence \
    ModifiedOccurrences DeletedOccurrences MeetingTimeZone ConferenceType AllowNewTimeProposal IsOnlineMeeting \
    MeetingWorkspaceUrl NetShowUrl UID RecurrenceId DateTimeStamp StartTimeZone EndTimeZone JoinOnlineMeetingUrl \
    OnlineMeetingSettings IsOrganizer CalendarActivityData DoNotForwardMeeting";
const FOLDER: &str = "FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount FolderClass \
    SearchParameters ManagedFolderInformation PermissionSet EffectiveRights SharingEffectiveRights DistinguishedFolderId \
    PolicyTag ArchiveTag ReplicaList";
/// The folders that a mailbox may have (`DistinguishedFolderIdNameType`).
const FOLDERS: &str = "calendar contacts deleteditems drafts inbox journal notes outbox sentitems tasks msgfolderroot \
    publicfoldersroot root junkemail searchfolders voicemail recoverableitemsroot recoverableitemsdeletions \
    recoverableitemsversions recoverableitemspurges recoverableitemsdiscoveryholds archiveroot archivemsgfolderroot \
    archivedeleteditems archiveinbox archiverecoverableitemsroot archiverecoverableitemsdeletions \
    archiverecoverableitemsversions archiverecoverableitemspurges archiverecoverableitemsdiscoveryholds syncissues \
    conflicts localfailures serverfailures recipientcache quickcontacts conversationhistory adminauditlogs todosearch \
    mycontacts directory imcontactlist peopleconnect favorites mecontact personmetadata teamspaceactivity \
    teamspacemessaging teamspaceworkitems scheduled orionnotes tagitems alltaggeditems externalcontacts teamchat \
    teamchathistory yammerroot yammerinbound yammeroutbound yammerfeeds onedriveroot onedriverecylebin onedrivesystem \
    onedrivevolume important starred";
