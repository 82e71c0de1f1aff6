package event

// form is how an event is spelled.
type form uint8

const (
	modern form = iota // CloudEvents 1.0
	legacy             // the CloudEvents 0.1 envelope
)

// role is what an attribute means in either form.
type role uint8

const (
	extension role = iota // any name that is none of the others
	version
	source
	id
	when
	kind
	subject
	contentType
	schema
	kindVersion
	extensions
	data
	dataBase64
	roles int = iota
)

// places says which member has a role, counted from 1; 0 if none has.
type places [roles]int

// locate finds the roles of the members read last.
func (s *scanner) locate(f form) (at places) {
	for k, m := range s.members {
		at[f.role(m.name(s.dst))] = k + 1
	}
	return at
}

// versions are those that each form calls itself.
var versions = [...]string{modern: "1.0", legacy: "0.1"}

// attributeNames are empty for a role that the form does not have.
var attributeNames = [...][roles]string{
	modern: {version: "specversion", source: "source", id: "id", when: "time", kind: "type",
		subject: "subject", contentType: "datacontenttype", schema: "dataschema",
		kindVersion: "eventtypeversion", data: "data", dataBase64: "data_base64"},
	legacy: {version: "cloudEventsVersion", source: "source", id: "eventId", when: "eventTime", kind: "eventType",
		contentType: "contentType", schema: "schemaURL",
		kindVersion: "eventTypeVersion", extensions: "extensions", data: "data"},
}

// role also knows eventID: so CloudEvents 0.1 spells it, where Qlik writes
// eventId.
func (f form) role(name []byte) role {
	if f == legacy {
		switch string(name) {
		case "cloudEventsVersion":
			return version
		case "source":
			return source
		case "eventId", "eventID":
			return id
		case "eventTime":
			return when
		case "eventType":
			return kind
		case "contentType":
			return contentType
		case "schemaURL":
			return schema
		case "eventTypeVersion":
			return kindVersion
		case "extensions":
			return extensions
		case "data":
			return data
		}
		return extension
	}
	switch string(name) {
	case "specversion":
		return version
	case "source":
		return source
	case "id":
		return id
	case "time":
		return when
	case "type":
		return kind
	case "subject":
		return subject
	case "datacontenttype":
		return contentType
	case "dataschema":
		return schema
	case "data":
		return data
	case "data_base64":
		return dataBase64
	}
	return extension
}
