package event

// form is a version of the format of events.
type form uint8

const (
	modern form = iota // CloudEvents 1.0
	legacy             // the CloudEvents 0.1 envelope
)

// role is the meaning of an attribute, in either form.
type role uint8

const (
	extension role = iota // any other name
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

// places has, for each role, the number of the member that has it, from 1; 0 if none.
type places [roles]int

// locate finds the roles of the members read last.
func (s *scanner) locate(f form) (at places) {
	for k, m := range s.members {
		at[f.role(m.name(s.dst))] = k + 1
	}
	return at
}

// versions has the specversion of each form.
var versions = [...]string{modern: "1.0", legacy: "0.1"}

// attributeNames has the name of each role; it is empty if the form lacks the role.
var attributeNames = [...][roles]string{
	modern: {version: "specversion", source: "source", id: "id", when: "time", kind: "type",
		subject: "subject", contentType: "datacontenttype", schema: "dataschema",
		kindVersion: "eventtypeversion", data: "data", dataBase64: "data_base64"},
	legacy: {version: "cloudEventsVersion", source: "source", id: "eventId", when: "eventTime", kind: "eventType",
		contentType: "contentType", schema: "schemaURL",
		kindVersion: "eventTypeVersion", extensions: "extensions", data: "data"},
}

// role returns the role of a name. CloudEvents 0.1 spells eventID, Qlik eventId.
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
