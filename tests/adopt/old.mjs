// Makes the table of a tutorial's application by its own means: Sequelize's `sync` and `create`, bcrypt in a hook.
// Where to: PGHOST and its like. OLD_STYLE: how the model names its columns.
import bcrypt from 'bcryptjs';
import { DataTypes, Sequelize } from 'sequelize';

const { PGHOST, PGPORT, PGUSER, PGDATABASE, OLD_PASSWORD, OLD_STYLE } = process.env;
const sequelize = new Sequelize(PGDATABASE, PGUSER, '', {
  host: PGHOST,
  port: Number(PGPORT),
  dialect: 'postgres',
  logging: false,
});

// `underscored` is the option by which Sequelize writes phone_number for phoneNumber.
const User = sequelize.define(
  'User',
  {
    id: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4, primaryKey: true },
    email: { type: DataTypes.STRING, allowNull: false, unique: true, validate: { isEmail: true } },
    password: { type: DataTypes.STRING, allowNull: false },
    phoneNumber: { type: DataTypes.STRING, allowNull: false, unique: true },
    isVerified: { type: DataTypes.BOOLEAN, defaultValue: false },
    sinchVerificationId: { type: DataTypes.STRING, allowNull: true },
  },
  {
    underscored: OLD_STYLE === 'underscored',
    hooks: {
      beforeCreate: async (user) => {
        user.password = await bcrypt.hash(user.password, 10);
      },
    },
  },
);

const at = new Date('2021-03-04T05:06:07.890Z');
const people = [
  { email: 'ada@example.com', phoneNumber: '+14155552671', isVerified: true },
  { email: 'bob@example.com', phoneNumber: '+1 415-555-2672', sinchVerificationId: '42' },
  { email: 'Eve@Example.com', phoneNumber: '+46701234567', isVerified: true },
  { email: 'nobody@example.com', phoneNumber: '12345' },
];
await sequelize.sync();
for (const person of people) {
  await User.create({ ...person, password: OLD_PASSWORD, createdAt: at, updatedAt: at }, { silent: true });
}
await sequelize.close();
