package model

// Permission is a bit of the permissions that a role has on a node: PermissionType (Part 3, 8.55).
type Permission uint32

// The permissions.
const (
	PermissionBrowse               Permission = 1 << 0
	PermissionReadRolePermissions  Permission = 1 << 1
	PermissionWriteAttribute       Permission = 1 << 2
	PermissionWriteRolePermissions Permission = 1 << 3
	PermissionWriteHistorizing     Permission = 1 << 4
	PermissionRead                 Permission = 1 << 5
	PermissionWrite                Permission = 1 << 6
	PermissionReadHistory          Permission = 1 << 7
	PermissionInsertHistory        Permission = 1 << 8
	PermissionModifyHistory        Permission = 1 << 9
	PermissionDeleteHistory        Permission = 1 << 10
	PermissionReceiveEvents        Permission = 1 << 11
	PermissionCall                 Permission = 1 << 12
	PermissionAddReference         Permission = 1 << 13
	PermissionRemoveReference      Permission = 1 << 14
	PermissionDeleteNode           Permission = 1 << 15
	PermissionAddNode              Permission = 1 << 16
)

// AccessRestriction is a bit of the AccessRestrictions attribute (Part 3, 8.56).
type AccessRestriction uint16

// The restrictions.
const (
	RestrictionSigningRequired    AccessRestriction = 1 << 0
	RestrictionEncryptionRequired AccessRestriction = 1 << 1
	RestrictionSessionRequired    AccessRestriction = 1 << 2
	RestrictionAppliesToBrowse    AccessRestriction = 1 << 3
)
